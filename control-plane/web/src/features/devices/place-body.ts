import type { Place } from './PlaceFields.vue';

/** A place as the API takes it. */
export function placeBody({ kind, applicationId, instanceId }: Place): {
  applicationId?: string;
  instanceId?: string;
} {
  if (kind === 'instance' && instanceId !== null) {
    return { instanceId };
  }
  return kind === 'application' && applicationId !== null ? { applicationId } : {};
}

/** Whether it is said in full where devices go. */
export function isPlaceWhole({ kind, applicationId, instanceId }: Place): boolean {
  return kind === 'nothing' || (kind === 'instance' ? instanceId : applicationId) !== null;
}
