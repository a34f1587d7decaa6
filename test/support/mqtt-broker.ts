import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Aedes } from 'aedes';

export interface MqttBroker {
  port: number;
  /** Everything that was published, oldest first. */
  messages: Array<{ topic: string; text: string }>;
  /** The user names and passwords that clients came with. */
  signIns: Array<{ username: string | undefined; password: string | undefined }>;
  stop(): Promise<void>;
}

/** A real MQTT broker on a free port. */
export async function startMqttBroker(): Promise<MqttBroker> {
  const messages: MqttBroker['messages'] = [];
  const signIns: MqttBroker['signIns'] = [];
  const broker = await Aedes.createBroker({
    authenticate: (_client, username, password, done) => {
      signIns.push({ username, password: password?.toString() });
      done(null, true);
    },
  });
  broker.on('publish', (packet, client) => {
    if (client !== null) {
      messages.push({ topic: packet.topic, text: packet.payload.toString() });
    }
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    broker.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    messages,
    signIns,
    stop: async () => {
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => broker.close(() => resolve()));
    },
  };
}
