// The clock is a year behind.
const { now } = Date;
Date.now = () => now() - 365 * 24 * 3_600_000;
