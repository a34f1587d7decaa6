import type { WebSocket } from 'ws';

/**
 * Ends a connection whose other end leaves a ping unanswered until the next one: a network that is gone without a word
 * would leave it open for ever.
 */
export function watchLiveness(socket: WebSocket, pingMs: number): void {
  let isAlive = true;
  socket.on('pong', () => {
    isAlive = true;
  });
  const timer = setInterval(() => {
    if (!isAlive) {
      socket.terminate();
      return;
    }
    isAlive = false;
    socket.ping();
  }, pingMs);
  socket.on('close', () => clearInterval(timer));
}
