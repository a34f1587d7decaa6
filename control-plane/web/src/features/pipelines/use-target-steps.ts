import type { DeviceView, InstanceView } from '@flowyard/protocol';
import { type Ref, ref } from 'vue';
import { useTopic } from '../../shared/live/use-topic.ts';

function stepOf(entity: DeviceView | InstanceView): string {
  const share =
    'progress' in entity && entity.progress !== null ? ` · ${Math.round(entity.progress * 100)} %` : '';
  return entity.step === null ? '' : `${entity.step}${share}`;
}

/** The step that each instance and device of an application is in, by its id, as far as it changed while one looks. */
export function useTargetSteps(applicationId: () => string): Ref<Record<string, string>> {
  const steps = ref<Record<string, string>>({});
  useTopic(
    () => `application/${applicationId()}`,
    (message) => {
      if (
        message.type === 'change' &&
        (message.kind === 'device' || message.kind === 'instance') &&
        message.value
      ) {
        steps.value[message.id] = stepOf(message.value as DeviceView | InstanceView);
      }
    },
  );
  return steps;
}
