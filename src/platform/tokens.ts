/** Injection token of the {@link import('./config.js').Config}. */
export const CONFIG = Symbol('Config');
