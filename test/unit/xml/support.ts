/** The processor time that something takes, milliseconds: on a busy machine the clock on the wall says little. */
export function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
