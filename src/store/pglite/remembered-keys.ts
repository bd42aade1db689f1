// An object of fewer keys is listed as ever. The libraries in question export some tens of thousands of symbols.
const manyKeys = 5_000;

/**
 * Makes `Object.keys` remember the keys of very large objects, in this thread, for good. Emscripten's `dlsym` lists all
 * exports of a library for every symbol that it looks up, to learn the symbol's place; with PostGIS's library that is
 * 5 ms a symbol, half of the time that creating the extension takes, and felt again by the first statements of every
 * start. The exports of a loaded library do not change, and nothing else in this thread has objects of that size.
 */
export function rememberKeysOfLargeObjects(): void {
  const listKeys = Object.keys;
  const remembered = new WeakMap<object, string[]>();
  Object.keys = (value: object): string[] => {
    const known = remembered.get(value);
    if (known !== undefined) return known;
    const keys = listKeys(value);
    if (keys.length >= manyKeys) remembered.set(value, keys);
    return keys;
  };
}
