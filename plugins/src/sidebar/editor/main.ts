import { addActions } from './actions';
import { markComparisons } from './compare/marks';
import { CompareSession } from './compare/session';
import { devicesPane } from './devices/devices-pane';
import { tellOthersDeploys } from './others-deploy';
import type { Pane } from './pane';
import { pipelinePane } from './pipeline/pipeline-pane';
import { keepUndoDeployable } from './restore/history';
import { snapshotsPane } from './snapshots/snapshots-pane';
import { type Change, Store } from './store';
import { t } from './translate';

interface Tab {
  id: string;
  icon: string;
  label: string;
  name: string;
  pane: Pane;
}

function addTab({ id, icon, label, name, pane }: Tab): void {
  RED.sidebar.addTab({
    id: `flowyard-${id}`,
    label,
    name,
    iconClass: `fa fa-${icon}`,
    content: pane.element,
    enableOnEdit: true,
    action: `flowyard:show-${id}`,
  });
}

const plugin = {
  type: 'flowyard',
  onadd() {
    const store = new Store();
    const session = new CompareSession();
    markComparisons(session);
    addActions(store, session);
    tellOthersDeploys(store, session);
    keepUndoDeployable();
    for (const [id, icon, pane] of [
      ['snapshots', 'camera', snapshotsPane(store, session)],
      ['pipeline', 'code-fork', pipelinePane(store, session)],
      ['devices', 'microchip', devicesPane(store)],
    ] as const) {
      addTab({ id, icon, label: t(`${id}.tab`), name: t(`${id}.title`), pane });
    }
    RED.comms.subscribe('flowyard/change', (_topic: string, change: unknown) =>
      store.apply(change as Change),
    );
    RED.comms.subscribe('flowyard/link', (_topic: string, link: unknown) =>
      store.setLive(link as Parameters<Store['setLive']>[0]),
    );
    // So that deploys of others are told though nobody has looked at a tab; outside of Flowyard there is nothing to read.
    store.readPlace().catch(() => {});
  },
};

RED.plugins.registerPlugin('flowyard-sidebar', plugin);
