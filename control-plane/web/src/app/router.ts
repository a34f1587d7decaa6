import type { Pinia } from 'pinia';
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router';
import { continueTarget } from '../features/session/continue-target.ts';
import { useSession } from '../features/session/session-store.ts';
import { whenSignedOut } from '../shared/api/client.ts';
import { useLive } from '../shared/live/live-store.ts';

declare module 'vue-router' {
  interface RouteMeta {
    /** Pages for people who are not signed in. */
    open?: boolean;
    title?: string;
  }
}

const OPEN_PAGES: RouteRecordRaw[] = [
  {
    path: '/sign-in',
    component: () => import('../features/session/SignInPage.vue'),
    meta: { open: true, title: 'Sign in' },
  },
  {
    path: '/sign-up',
    component: () => import('../features/session/SignUpPage.vue'),
    meta: { open: true, title: 'Make an account' },
  },
  {
    path: '/forgotten-password',
    component: () => import('../features/session/ForgottenPasswordPage.vue'),
    meta: { open: true, title: 'Forgot your password?' },
  },
  {
    path: '/new-password',
    component: () => import('../features/session/NewPasswordPage.vue'),
    meta: { open: true, title: 'New password' },
  },
  {
    path: '/invitation',
    component: () => import('../features/invitations/InvitationPage.vue'),
    meta: { open: true, title: 'Invitation' },
  },
  {
    path: '/setup',
    component: () => import('../features/session/SetupPage.vue'),
    meta: { open: true, title: 'First administrator' },
  },
];

const TEAM_PAGES: RouteRecordRaw[] = [
  {
    path: '/teams/:teamId',
    component: () => import('../features/teams/TeamOverviewPage.vue'),
    meta: { title: 'Overview' },
  },
  {
    path: '/teams/:teamId/applications',
    component: () => import('../features/applications/ApplicationsPage.vue'),
    meta: { title: 'Applications' },
  },
  {
    path: '/teams/:teamId/instances',
    component: () => import('../features/instances/InstancesPage.vue'),
    meta: { title: 'Instances' },
  },
  {
    path: '/teams/:teamId/logs',
    component: () => import('../features/instances/TeamLogsPage.vue'),
    meta: { title: 'Logs' },
  },
  {
    path: '/teams/:teamId/blueprints',
    component: () => import('../features/blueprints/BlueprintsPage.vue'),
    meta: { title: 'Blueprints' },
  },
  {
    path: '/teams/:teamId/devices/:tab?',
    component: () => import('../features/devices/DevicesPage.vue'),
    meta: { title: 'Devices' },
  },
  {
    path: '/teams/:teamId/pipelines',
    component: () => import('../features/pipelines/PipelinesPage.vue'),
    meta: { title: 'Pipelines' },
  },
  {
    path: '/teams/:teamId/people',
    component: () => import('../features/teams/PeoplePage.vue'),
    meta: { title: 'People' },
  },
  {
    path: '/teams/:teamId/audit/:tab(streams)?',
    component: () => import('../features/audit/TeamAuditPage.vue'),
    meta: { title: 'Audit' },
  },
  {
    path: '/teams/:teamId/usage',
    component: () => import('../features/usage/UsagePage.vue'),
    meta: { title: 'Usage' },
  },
  {
    path: '/teams/:teamId/settings',
    component: () => import('../features/teams/TeamSettingsPage.vue'),
    meta: { title: 'Team settings' },
  },
];

const ENTITY_PAGES: RouteRecordRaw[] = [
  {
    path: '/applications/:id/:tab?',
    component: () => import('../features/applications/ApplicationPage.vue'),
    meta: { title: 'Application' },
  },
  {
    path: '/instances/:id/:tab?',
    component: () => import('../features/instances/InstancePage.vue'),
    meta: { title: 'Instance' },
  },
  {
    path: '/devices/:id/:tab?',
    component: () => import('../features/devices/DevicePage.vue'),
    meta: { title: 'Device' },
  },
  {
    path: '/device-groups/:id/:tab?',
    component: () => import('../features/device-groups/DeviceGroupPage.vue'),
    meta: { title: 'Device group' },
  },
  {
    path: '/snapshots/:id',
    component: () => import('../features/compare/SnapshotPage.vue'),
    meta: { title: 'Snapshot' },
  },
  {
    path: '/snapshots/:id/compare/:kind(snapshot|instance|device)/:otherId/:tab?',
    component: () => import('../features/compare/ComparePage.vue'),
    props: { of: 'snapshot' },
    meta: { title: 'What differs' },
  },
  {
    path: '/instances/:id/compare/:kind(snapshot|instance)/:otherId/:tab?',
    component: () => import('../features/compare/ComparePage.vue'),
    props: { of: 'instance' },
    meta: { title: 'Compare' },
  },
  {
    path: '/pipelines/:id',
    component: () => import('../features/pipelines/PipelinePage.vue'),
    meta: { title: 'Pipeline' },
  },
  {
    path: '/deployments/:id',
    component: () => import('../features/pipelines/DeploymentPage.vue'),
    meta: { title: 'Deployment' },
  },
];

const OTHER_PAGES: RouteRecordRaw[] = [
  { path: '/', component: () => import('../features/teams/HomePage.vue') },
  {
    path: '/account',
    component: () => import('../features/users/AccountPage.vue'),
    meta: { title: 'Your account' },
  },
  {
    path: '/notifications',
    component: () => import('../features/notifications/NotificationsPage.vue'),
    meta: { title: 'Notifications' },
  },
  {
    path: '/admin/stacks',
    component: () => import('../features/stacks/StacksPage.vue'),
    meta: { title: 'Stacks' },
  },
  {
    path: '/admin/stacks/:id',
    component: () => import('../features/stacks/StackPage.vue'),
    meta: { title: 'Stack' },
  },
  {
    path: '/admin/instance-types',
    component: () => import('../features/instance-types/InstanceTypesPage.vue'),
    meta: { title: 'Instance types' },
  },
  {
    path: '/admin/users',
    component: () => import('../features/users/UsersPage.vue'),
    meta: { title: 'Users' },
  },
  {
    path: '/admin/team-types',
    component: () => import('../features/team-types/TeamTypesPage.vue'),
    meta: { title: 'Team types' },
  },
  {
    path: '/admin/templates',
    component: () => import('../features/templates/TemplatesPage.vue'),
    meta: { title: 'Templates' },
  },
  {
    path: '/admin/templates/:id/:tab?',
    component: () => import('../features/templates/TemplatePage.vue'),
    meta: { title: 'Template' },
  },
  {
    path: '/admin/blueprints',
    component: () => import('../features/blueprints/PlatformBlueprintsPage.vue'),
    meta: { title: 'Blueprints of the platform' },
  },
  {
    path: '/admin/settings',
    component: () => import('../features/platform/PlatformSettingsPage.vue'),
    meta: { title: 'Platform settings' },
  },
  {
    path: '/admin/audit/:tab(streams)?',
    component: () => import('../features/audit/PlatformAuditPage.vue'),
    meta: { title: 'Audit' },
  },
  {
    path: '/register-device/:code',
    component: () => import('../features/devices/RegisterDevicePage.vue'),
    meta: { title: 'Register a device' },
  },
  {
    path: '/sign-in-node-red/:code?',
    component: () => import('../features/session/SignInNodeRedPage.vue'),
    meta: { title: 'Sign in from Node-RED' },
  },
  { path: '/no-access', component: () => import('./NoAccessPage.vue'), meta: { title: 'No access' } },
  { path: '/:path(.*)*', component: () => import('./NotFoundPage.vue'), meta: { title: 'Not found' } },
];

/** The pages and who may open them; whoever is not signed in is sent to the sign-in and comes back afterwards. */
export function createPage(pinia: Pinia) {
  const session = useSession(pinia);
  const router = createRouter({
    history: createWebHistory(),
    routes: [...OPEN_PAGES, ...TEAM_PAGES, ...ENTITY_PAGES, ...OTHER_PAGES],
    scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? {} : { top: 0 }),
  });

  whenSignedOut(() => {
    session.forget();
    useLive(pinia).reset();
    const { fullPath, meta } = router.currentRoute.value;
    if (!meta.open) {
      void router.replace({ path: '/sign-in', query: { continue: fullPath } });
    }
  });
  router.beforeEach(async (to) => {
    await session.load();
    if (!to.meta.open && session.user === null) {
      const path = (await session.needsSetup()) ? '/setup' : '/sign-in';
      return { path, query: to.fullPath === '/' ? {} : { continue: to.fullPath } };
    }
    if (to.path === '/sign-in' && session.user !== null) {
      const target = continueTarget(to.query.continue, location.origin);
      if (target.leavesPage) {
        location.assign(target.url);
        return false;
      }
      return target.url;
    }
    return true;
  });
  router.afterEach((to) => {
    document.title = to.meta.title ? `${to.meta.title} · Flowyard` : 'Flowyard';
  });
  return router;
}
