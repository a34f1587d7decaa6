/** Of FlowFuse 2.4.0 on a machine like the ones the goals were set on; for orientation, not from this run. */
export const PEER = { flowsOnlyMs: { 10: 3900, 500: 4000, 5000: 5800 } } as const;
