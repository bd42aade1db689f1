/** A copy that does not keep the message alive that the text was cut from. */
export function ownCopy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
