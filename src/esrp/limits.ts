/** How many open calls the record keeper follows; the oldest is let go beyond it, its record kept as it stands. */
export const openCallsMax = 100_000;
/** How much of a text from a message goes into a record. */
export const recordTextMax = 1_000;
