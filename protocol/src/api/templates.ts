import { z } from 'zod';
import { Flows } from '../flows.ts';
import { Description, DisplayName, Id, Time } from '../names.ts';
import { LARGE_BODY_BYTES, ListQuery, NoContent, operation, pageOf } from '../operation.ts';
import { ExactModules } from '../setting-values.ts';
import { RuntimeSettings, SettingKey } from '../settings.ts';
import { VariableInput, VariableView } from './variables.ts';

const IdParams = z.strictObject({ id: Id });
const Version = z.int32().min(1);

/** What instances with a template get. */
export const TemplateContent = z.object({
  settings: RuntimeSettings,
  /** Settings that instances cannot override. */
  locked: z.array(SettingKey),
  variables: z.array(VariableView.extend({ locked: z.boolean() })),
  /** Modules that instances get, in exactly these versions. */
  modules: ExactModules,
  /** What a new instance begins with; null is an empty canvas. */
  flows: Flows.nullable(),
});
export type TemplateContent = z.infer<typeof TemplateContent>;

export const TemplateContentInput = z.strictObject({
  settings: RuntimeSettings,
  locked: z.array(SettingKey).max(200),
  variables: z.array(VariableInput.extend({ locked: z.boolean().default(false) })).max(500),
  modules: ExactModules,
  flows: Flows.nullable(),
});
export type TemplateContentInput = z.infer<typeof TemplateContentInput>;

export const TemplateView = z.object({
  id: Id,
  name: z.string(),
  description: z.string(),
  /** The one of an instance that is made without naming one. */
  default: z.boolean(),
  /** The newest version. */
  version: z.number().int(),
  /** How many instances have it; for administrators, null for others. */
  instances: z.number().int().nullable(),
});
export type TemplateView = z.infer<typeof TemplateView>;

export const TemplateDetail = TemplateView.extend({ content: TemplateContent });
export type TemplateDetail = z.infer<typeof TemplateDetail>;

export const listTemplates = operation('listTemplates', {
  method: 'GET',
  path: '/templates',
  summary: 'Templates of settings for instances',
  query: ListQuery,
  response: pageOf(TemplateView),
});

export const getTemplate = operation('getTemplate', {
  method: 'GET',
  path: '/templates/:id',
  summary: 'A template with what its newest version gives to instances',
  params: IdParams,
  response: TemplateDetail,
});

export const createTemplate = operation('createTemplate', {
  method: 'POST',
  path: '/templates',
  summary: 'Make a template',
  body: z.strictObject({
    name: DisplayName,
    description: Description.optional(),
    content: TemplateContentInput.optional(),
  }),
  response: TemplateDetail,
  status: 201,
  maxBodyBytes: LARGE_BODY_BYTES,
});

export const updateTemplate = operation('updateTemplate', {
  method: 'PATCH',
  path: '/templates/:id',
  summary: 'Change a template; other content is a new version, which instances get when they start again',
  params: IdParams,
  body: z.strictObject({
    name: DisplayName.optional(),
    description: Description.optional(),
    default: z.literal(true).optional(),
    content: TemplateContentInput.optional(),
    /** What changed, for the list of versions. */
    note: z.string().max(200).optional(),
  }),
  response: TemplateDetail,
  maxBodyBytes: LARGE_BODY_BYTES,
});

export const deleteTemplate = operation('deleteTemplate', {
  method: 'DELETE',
  path: '/templates/:id',
  summary: 'Delete a template; refused while instances have it or it is the default',
  params: IdParams,
  response: NoContent,
  status: 204,
});

export const TemplateVersionView = z.object({
  version: z.number().int(),
  author: z.string(),
  note: z.string(),
  createdAt: Time,
});
export type TemplateVersionView = z.infer<typeof TemplateVersionView>;

export const listTemplateVersions = operation('listTemplateVersions', {
  method: 'GET',
  path: '/templates/:id/versions',
  summary: 'Versions of a template, newest first',
  params: IdParams,
  query: ListQuery,
  response: pageOf(TemplateVersionView),
});

export const restoreTemplateVersion = operation('restoreTemplateVersion', {
  method: 'POST',
  path: '/templates/:id/versions',
  summary: 'Make what an older version had the newest version',
  params: IdParams,
  body: z.strictObject({ version: Version }),
  response: TemplateDetail,
  status: 201,
});

/** One thing in which an instance differs from its template. */
export const Difference = z.object({
  kind: z.enum(['setting', 'variable']),
  name: z.string(),
  /** Null when it is secret. */
  template: z.unknown(),
  instance: z.unknown(),
  /** The template locks it, so that what the instance sets does not count. */
  ignored: z.boolean(),
});

export const DriftView = z.object({
  id: Id,
  name: z.string(),
  team: z.object({ id: Id, name: z.string() }),
  application: z.object({ id: Id, name: z.string() }),
  /** The version that it was last started with; null when it never was. */
  runningVersion: z.number().int().nullable(),
  /** It was started with an older version, or with another template. */
  behind: z.boolean(),
  differences: z.array(Difference),
});
export type DriftView = z.infer<typeof DriftView>;

export const listTemplateDrift = operation('listTemplateDrift', {
  method: 'GET',
  path: '/templates/:id/drift',
  summary: 'Instances that differ from their template or run an older version of it',
  params: IdParams,
  query: ListQuery,
  response: pageOf(DriftView),
});
