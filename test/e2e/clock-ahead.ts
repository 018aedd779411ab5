/** Loaded before a program: its clock is `CLOCK_AHEAD` seconds ahead. */
const { now } = Date;
const ahead = Number(process.env.CLOCK_AHEAD) * 1000;
Date.now = () => now() + ahead;
