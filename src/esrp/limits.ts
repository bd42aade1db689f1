/** How many open calls the record keeper follows; the oldest is let go beyond it, its record kept as it stands. */
export const openCallsMax = 100_000;
/** How much of a text from a message goes into a record. */
export const recordTextMax = 1_000;
/** How many later locations a record keeps; of more the oldest go. */
export const locationUpdatesMax = 32;
/** References of one request that are followed; the rest counts as not fetched. Devices send one or two. */
export const referencesMax = 8;
/** Further usable locations that are kept for where no boundary serves the first. */
export const alternativesMax = 3;
/** URIs that a location server is told of a caller, and numbers that the number table is asked for. */
export const identityUrisMax = 8;
