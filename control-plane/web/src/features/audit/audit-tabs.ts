/** The parts of an audit page. */
export const AUDIT_TABS = [
  { key: 'log', title: 'Log' },
  { key: 'streams', title: 'Streams' },
] as const;
