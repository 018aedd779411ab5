// A classic script knows where it came from only while it runs; a module has no current script, but import.meta.
const script = typeof document === 'object' ? document.currentScript : null;

/** The address of the file that these widgets were loaded from. */
export const scriptUrl: string = (script && 'src' in script && script.src) || import.meta.url;
