/** The public address of an instance: its name below the host name of the control plane. */
export function instanceUrl(publicUrl: string, name: string): string {
  const url = new URL(publicUrl);
  return `${url.protocol}//${name}.${url.host}`;
}
