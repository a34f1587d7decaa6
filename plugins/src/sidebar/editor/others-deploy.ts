import { compareWithDeployed } from './actions';
import type { CompareSession } from './compare/session';
import { el } from './dom';
import { editor } from './node-red';
import type { Store } from './store';
import { exactTime } from './times';
import { t } from './translate';

/** The news of a deploy may come before the editor hears that its own is through. */
const OWN_DEPLOY_MS = 5000;
const WAIT_MS = 1500;

interface Deployed {
  flowsRevision: number;
  flowsChangedBy: string | null;
  flowsChangedAt: string | null;
}

/** Says who deployed what this editor does not show, and when: once for each deploy, and not for one's own. */
export function tellOthersDeploys(store: Store, session: CompareSession): void {
  let known: number | null = null;
  let notice: { close(): void } | null = null;
  editor.events.on('deploy', () => {
    store.ownChangeAt = Date.now();
    notice?.close();
  });

  const tell = ({ flowsChangedBy, flowsChangedAt }: Deployed) => {
    notice?.close();
    const who = flowsChangedBy ?? t('othersDeploy.somebody');
    const at = exactTime(flowsChangedAt ?? new Date().toISOString());
    const shown = RED.notify(
      $(el('div', { role: 'status' }, el('p', {}, t('othersDeploy.text', { who, at })))),
      {
        type: 'warning',
        fixed: true,
        buttons: [
          { text: t('action.close'), click: () => shown.close() },
          {
            text: t('othersDeploy.compare'),
            class: 'primary',
            click: () => {
              shown.close();
              compareWithDeployed(session);
            },
          },
        ],
      },
    ) as unknown as { close(): void };
    notice = shown;
  };

  store.onForget(() => {
    known = null;
  });
  store.listen(() => {
    const { place, seat } = store;
    // Where this Node-RED does not run in Flowyard, what it works with runs elsewhere and is not what the editor shows.
    if (!seat?.isHome || place === null || !('flowsRevision' in place) || place.flowsRevision === known) {
      return;
    }
    const isFirst = known === null;
    known = place.flowsRevision;
    if (isFirst) {
      return;
    }
    const seen: Deployed = place;
    setTimeout(() => {
      const isOwn =
        Date.now() - store.ownChangeAt < OWN_DEPLOY_MS + WAIT_MS &&
        (seen.flowsChangedBy === null || seen.flowsChangedBy === editor.settings.user?.username);
      if (!isOwn && known === seen.flowsRevision) {
        tell(seen);
      }
    }, WAIT_MS);
  });
}
