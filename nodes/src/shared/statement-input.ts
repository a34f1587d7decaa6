import type { Node, NodeAPI, NodeMessage } from 'node-red';
import { readReason, readYesNo } from './statements';

/** Where a node finds what a message says, and why. */
export interface StatementDef {
  property?: string;
  propertyType?: string;
  reason?: string;
  reasonType?: string;
}

export interface Statement {
  says: boolean;
  reason: string;
}

interface Words {
  yes: string;
  no: string;
  /** Of the errors. */
  catalogue: string;
}

function evaluate(RED: NodeAPI, node: Node, value: string, type: string, msg: NodeMessage): Promise<unknown> {
  return new Promise((resolve, reject) => {
    RED.util.evaluateNodeProperty(value, type, node, msg, (error: Error | null, result: unknown) =>
      error ? reject(error) : resolve(result),
    );
  });
}

/**
 * Takes messages that say yes or no, and gives each to `take`, in the order in which they came, before it is passed on.
 * One that says neither is an error, and changes nothing.
 */
export function onStatement(
  RED: NodeAPI,
  node: Node,
  def: StatementDef,
  { yes, no, catalogue }: Words,
  take: (statement: Statement) => void,
): void {
  const fail = (what: string) => new Error(RED._(`${catalogue}.error.${what}`));
  const read = async (msg: NodeMessage): Promise<Statement> => {
    const value = await evaluate(RED, node, def.property || 'payload', def.propertyType || 'msg', msg);
    const says = readYesNo(value, yes, no);
    if (says === null) {
      throw fail('value');
    }
    const reason = readReason(
      await evaluate(RED, node, def.reason || 'reason', def.reasonType || 'msg', msg),
    );
    if (reason === null) {
      throw fail('reason');
    }
    return { says, reason };
  };
  let isClosed = false;
  let turn: Promise<void> = Promise.resolve();
  node.on('input', (msg, send, done) => {
    turn = turn.then(async () => {
      try {
        const statement = await read(msg);
        if (!isClosed) {
          take(statement);
          send(msg);
        }
        done();
      } catch (error) {
        done(error as Error);
      }
    });
  });
  node.on('close', () => {
    isClosed = true;
  });
}
