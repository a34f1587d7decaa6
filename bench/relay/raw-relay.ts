/** The least that a relay costs: passes each frame to everybody else, in a process of its own. */
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
server.on('connection', (socket) => {
  socket.on('message', (data) => {
    for (const other of server.clients) {
      if (other !== socket) {
        other.send(data);
      }
    }
  });
});
server.on('listening', () => {
  process.send?.(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.on('disconnect', () => process.exit(0));
