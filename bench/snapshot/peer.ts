/** Of FlowFuse 2.4.0 on a machine like the ones the goals were set on; for orientation, not from this run. */
export const PEER = {
  createMs: { 10: 21, 500: 26, 5000: 73 },
  /** Of 24 snapshots. */
  listMs: 17,
  readMs: 118,
} as const;
