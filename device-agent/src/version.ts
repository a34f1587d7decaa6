/** The version of this agent, as the control plane shows it. */
export const AGENT_VERSION = '0.1.0';
