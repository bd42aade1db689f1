/** Longest URI in bytes that {@link parseUri} reads: far above any real one, below what would cost time to look at. */
export const uriBytesMax = 65_536;
