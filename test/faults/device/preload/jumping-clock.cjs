// The clock jumps by a year, forth and back, each second.
const { now } = Date;
const start = process.hrtime.bigint();
const isOff = () => ((process.hrtime.bigint() - start) / 1_000_000_000n) % 2n === 1n;
Date.now = () => now() + (isOff() ? 365 * 24 * 3_600_000 : 0);
