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
  /**
   * Whether everybody at this editor may see what this person sees. Where it is not so, others only hear that
   * something changed, and each reads it in their own name.
   */
  isShared: boolean;
}

/** Why a person cannot work yet. */
export type MissingSeat = 'outside' | 'unknown-person';
