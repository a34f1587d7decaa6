import type { PlaceHit, SearchResults, SnapshotHit } from '@flowyard/protocol';
import {
  mdiApplicationBracketsOutline,
  mdiCameraOutline,
  mdiFolderOutline,
  mdiHexagonOutline,
  mdiPipe,
  mdiRaspberryPi,
  mdiServerOutline,
} from '@mdi/js';

/** Something to go to. */
export interface Hit {
  /** Unique among all hits. */
  key: string;
  name: string;
  /** Where it is. */
  detail: string;
  icon: string;
  /** A page of ours, or the address of an editor. */
  to: string;
  opensEditor: boolean;
}
export interface HitGroup {
  title: string;
  hits: Hit[];
  more: boolean;
}

const FLOWS: Record<string, string> = { tab: 'flow', subflow: 'subflow', group: 'group' };

function places(
  title: string,
  base: string,
  icon: string,
  { items, more }: { items: PlaceHit[]; more: boolean },
): HitGroup {
  const hits = items.map(({ id, name, application }) => ({
    key: id,
    name,
    detail: application ?? '',
    icon,
    to: `${base}/${id}`,
    opensEditor: false,
  }));
  return { title, hits, more };
}

function pageOfSnapshot({ instanceId, deviceId, applicationId }: SnapshotHit): string {
  if (instanceId !== null) {
    return `/instances/${instanceId}/snapshots`;
  }
  return deviceId !== null ? `/devices/${deviceId}/snapshots` : `/applications/${applicationId}/snapshots`;
}

function snapshots({ items, more }: SearchResults['snapshots']): HitGroup {
  const hits = items.map((hit) => ({
    key: hit.id,
    name: hit.name,
    detail: `of ${hit.of}`,
    icon: mdiCameraOutline,
    to: pageOfSnapshot(hit),
    opensEditor: false,
  }));
  return { title: 'Snapshots', hits, more };
}

function nodes({ items, more }: SearchResults['nodes']): HitGroup {
  const hits = items.map(({ id, name, type, flow, instance, url }) => ({
    key: `${instance.id}-${id}`,
    name: name || FLOWS[type] || type,
    detail: [name && (FLOWS[type] ?? type), flow, instance.name].filter(Boolean).join(' · '),
    icon: type in FLOWS ? mdiFolderOutline : mdiHexagonOutline,
    to: url,
    opensEditor: true,
  }));
  return { title: 'In flows', hits, more };
}

/** What was found, in the order in which it is shown; kinds of which nothing was found are left out. */
export function groupHits(found: SearchResults): HitGroup[] {
  return [
    places('Applications', '/applications', mdiApplicationBracketsOutline, found.applications),
    places('Instances', '/instances', mdiServerOutline, found.instances),
    places('Devices', '/devices', mdiRaspberryPi, found.devices),
    places('Pipelines', '/pipelines', mdiPipe, found.pipelines),
    snapshots(found.snapshots),
    nodes(found.nodes),
  ].filter(({ hits }) => hits.length > 0);
}
