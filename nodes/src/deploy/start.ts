interface Started {
  deploymentId: string;
  state: string;
}

const TIMEOUT_MS = 30_000;

/** An address as the page shows it for a webhook of a stage. @throws Error with words for people when it is none */
export function readWebhook(address: unknown): URL {
  const text = typeof address === 'string' ? address.trim() : '';
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || !url.pathname.includes('/triggers/')) {
    throw new Error(
      'The node needs the address of a webhook of a stage: make one in the menu of the stage, under triggers.',
    );
  }
  return url;
}

/** Pushes by the webhook of a stage. @throws Error with the reason of the control plane */
export async function startPush(url: URL, snapshotId: string | null): Promise<Started> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(snapshotId === null ? {} : { snapshotId }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: Error) => {
    const cause = error.cause instanceof Error ? error.cause.message : error.message;
    // The address itself is a secret: it must not stand in a log.
    throw new Error(`The control plane cannot be reached: ${cause}`);
  });
  const answer = (await response.json().catch(() => null)) as
    | (Started & { error?: { message: string } })
    | null;
  if (!response.ok || answer === null) {
    throw new Error(
      `The push was refused: ${answer?.error?.message ?? `it was answered with status ${response.status}`}`,
    );
  }
  return answer;
}
