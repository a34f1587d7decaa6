/** What the sidebar works with. */
export interface Place {
  kind: 'instance' | 'device';
  id: string;
}

/** How a person at this editor asks the control plane. */
export interface Caller {
  /** The address of the control plane, without a slash at its end. */
  url: string;
  /** Of this Node-RED, or of the person where it does not run in Flowyard. */
  token: string;
  /** Who is at the editor, as the proxy signed it; undefined where the token already says so. */
  identity: string | undefined;
}

/** A person at this editor, with all that is needed to work. */
export interface Seat extends Caller {
  /** Tells the seats of one Node-RED apart. */
  id: string;
  place: Place;
  /** Whether Flowyard runs this Node-RED; else it is somebody's own, and the person has signed in from it. */
  isHome: boolean;
  /** Who has signed in from there; null where the editor itself shows it. */
  person: string | null;
}

/**
 * Why a person cannot work: nobody is signed in, nothing was chosen to work with, or somebody came around the proxy
 * so that Flowyard does not know who it is.
 */
export type MissingSeat = 'signed-out' | 'no-place' | 'unknown-person';
