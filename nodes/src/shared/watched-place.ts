import type { DeviceView, InstanceView } from '@flowyard/protocol';
import { callApi, type Platform } from './platform';

/** What of the platform a Node-RED watches: its application, or where there is none the device itself. */
export interface WatchedPlace {
  topic: string;
  /** The application whose devices can be listed. */
  applicationId: string | null;
}

async function applicationOf(platform: Platform): Promise<string | null> {
  const { applicationId, instanceId, deviceId } = platform;
  if (applicationId !== null) {
    return applicationId;
  }
  if (instanceId !== null) {
    return (await callApi<InstanceView>(platform, 'GET', `/instances/${instanceId}`)).application.id;
  }
  return (await callApi<DeviceView>(platform, 'GET', `/devices/${deviceId}`)).application?.id ?? null;
}

/** Finds out where this Node-RED is. Rejects when the control plane cannot tell now. */
export async function findPlace(platform: Platform): Promise<WatchedPlace> {
  const applicationId = await applicationOf(platform);
  return {
    topic: applicationId === null ? `device/${platform.deviceId}` : `application/${applicationId}`,
    applicationId,
  };
}
