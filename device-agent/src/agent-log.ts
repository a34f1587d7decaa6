/** One line on standard output, where service managers collect it. Levels as in our other logs. */
export function writeAgentLog(level: 'info' | 'warn' | 'error', text: string): void {
  process.stdout.write(`${new Date().toISOString()} ${level.padEnd(5)} ${text}\n`);
}
