/** Where this Node-RED runs, as Flowyard tells it. Read afresh each time: a warm process learns it late. */
export interface Platform {
  url: string;
  token: string;
  instanceId: string;
}

/** Null outside Flowyard, and on devices, whose editor is off. */
export function readPlatform(environment: NodeJS.ProcessEnv = process.env): Platform | null {
  const { FLOWYARD_URL: url, FLOWYARD_TOKEN: token, FLOWYARD_INSTANCE_ID: instanceId } = environment;
  return url && token && instanceId ? { url: url.replace(/\/+$/, ''), token, instanceId } : null;
}
