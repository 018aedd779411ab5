/** A line to a server on loopback that can be bad: each connection is treated as the test says. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Treats one connection; `line` leads to the server. */
export type Treatment = (client: Socket, line: () => Socket) => void;

export interface TcpFront {
  url: string;
  /** For the connections on which something will come, one each; those after them are let through. */
  treatments: Treatment[];
  /** What clients have sent, by connection: the first piece, which has the headers in it. */
  heads: string[];
}

export async function startTcpFront(after: (work: () => void) => void, serverUrl: string): Promise<TcpFront> {
  const sockets = new Set<Socket>();
  const front: TcpFront = { url: '', treatments: [], heads: [] };
  const watch = (socket: Socket) => {
    sockets.add(socket);
    // That it breaks is what the test is about.
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  const line = () => watch(connect(Number(new URL(serverUrl).port), '127.0.0.1'));
  const server = createServer((client) => {
    // Not before something comes: `fetch` opens connections in reserve, too.
    watch(client).once('data', (piece) => {
      client.pause();
      client.unshift(piece);
      front.heads.push(piece.toString('latin1').split('\r\n\r\n')[0]!);
      (front.treatments.shift() ?? letThrough)(client, line);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  front.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return front;
}

const letThrough: Treatment = (client, line) => {
  const server = line();
  client.pipe(server).pipe(client);
  client.on('close', () => server.destroy());
  server.on('close', () => client.destroy());
};

/** Answers by itself. */
export function answer(status: string, body: string): Treatment {
  return (client) => {
    client.once('data', () => {
      client.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
    client.resume();
  };
}

/** Takes what comes, and never answers. */
export const swallow: Treatment = (client) => {
  client.resume();
};

/** Does not even take what comes. */
export const ignore: Treatment = () => {};

/** After so many bytes of the request the connection breaks. */
export function cutRequest(bytes: number): Treatment {
  return (client, line) => {
    const server = line();
    passOn(client, server, bytes, () => {
      client.destroy();
      server.destroy();
    });
  };
}

/** After so many bytes of the answer the connection breaks, or there is silence. */
export function endAnswer(bytes: number, how: 'cut' | 'silence'): Treatment {
  return (client, line) => {
    const server = line();
    client.pipe(server);
    client.on('close', () => server.destroy());
    passOn(server, client, bytes, () => {
      if (how === 'cut') client.destroy();
      else server.pause();
    });
  };
}

function passOn(from: Socket, to: Socket, bytes: number, end: () => void): void {
  let left = bytes;
  from.on('data', (piece) => {
    if (left <= 0) return;
    to.write(piece.subarray(0, left));
    left -= piece.length;
    if (left <= 0) setImmediate(end);
  });
  from.resume();
}
