import type { PipelineView, StageRightsView } from '@flowyard/protocol';
import { api, ask } from '../../shared/api/client.ts';
import { useLoad } from '../../shared/use-load.ts';

export interface PipelineRights {
  /** Undefined until it is known, and for a stage that is gone. */
  of: (stageId: string) => StageRightsView | undefined;
}

/**
 * What the person may do at the stages of a pipeline. Their targets may be in several applications, so the server says
 * it; it is asked anew when somebody changes who may push.
 */
export function usePipelineRights(
  pipeline: () => Pick<PipelineView, 'id' | 'stages'> | null | undefined,
): PipelineRights {
  const rights = useLoad(
    () => {
      const { id, stages = [] } = pipeline() ?? {};
      const rules = stages.map((stage) => [
        stage.id,
        stage.pushers,
        stage.people,
        stage.target.applicationId,
      ]);
      return id === undefined ? '' : JSON.stringify([id, rules]);
    },
    async () => {
      const id = pipeline()?.id;
      return id === undefined ? null : ask(api.GET('/pipelines/{id}/rights', { params: { path: { id } } }));
    },
  );
  return { of: (stageId) => rights.value.value?.stages.find(({ id }) => id === stageId) };
}
