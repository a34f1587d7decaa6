import { devicesPane } from './devices-pane';
import type { Pane } from './pane';
import { pipelinePane } from './pipeline-pane';
import { snapshotsPane } from './snapshots-pane';
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
  const action = `flowyard:show-${id}`;
  // The published types do not know the label, by which the action appears in the list of actions.
  const add = RED.actions.add as (id: string, handler: () => void, options: { label: string }) => void;
  add(action, () => RED.sidebar.show(`flowyard-${id}`), { label: t('action.show', { name }) });
  RED.sidebar.addTab({
    id: `flowyard-${id}`,
    label,
    name,
    iconClass: `fa fa-${icon}`,
    content: pane.element,
    enableOnEdit: true,
    action,
  });
}

const plugin = {
  type: 'flowyard',
  onadd() {
    const store = new Store();
    for (const [id, icon, pane] of [
      ['snapshots', 'camera', snapshotsPane(store)],
      ['pipeline', 'code-fork', pipelinePane(store)],
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
  },
};

RED.plugins.registerPlugin('flowyard-sidebar', plugin);
