/** Whom a request is counted for: written while it is served, read when it is over. */

export interface Counted {
  backend: string;
}
