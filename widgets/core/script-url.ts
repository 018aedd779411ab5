// A classic script knows where it came from only while it runs; a module has no current script, but import.meta.
const script = globalThis.document?.currentScript as HTMLScriptElement | null | undefined;

/** The address of the file that these widgets were loaded from. */
export const scriptUrl: string = script?.src || import.meta.url;
