import { z } from 'zod';
import { Description, DisplayName, Id, Time, VariableName } from '../names.ts';
import { ListQuery, NoContent, operation, pageOf } from '../operation.ts';
import { Modules } from '../snapshot-manifest.ts';
import { InstanceView, Reference } from './instances.ts';
import { SnapshotView } from './snapshots.ts';
import { VariableValue } from './variables.ts';

const IdParams = z.strictObject({ id: Id });

export const BLUEPRINT_ICONS = [
  'alarm',
  'board',
  'chart',
  'chip',
  'clipboard',
  'cog',
  'database',
  'energy',
  'factory',
  'gauge',
  'network',
  'robot',
  'tank',
  'thermometer',
  'truck',
  'water',
] as const;
export const BlueprintIcon = z.enum(BLUEPRINT_ICONS);
export type BlueprintIcon = z.infer<typeof BlueprintIcon>;

/** What the gallery is sorted by. */
export const BLUEPRINT_CATEGORIES = [
  'connectivity',
  'production',
  'alarms',
  'energy',
  'data',
  'simulation',
  'other',
] as const;
export const BlueprintCategory = z.enum(BLUEPRINT_CATEGORIES);
export type BlueprintCategory = z.infer<typeof BlueprintCategory>;

export const BlueprintVariableType = z.enum(['text', 'number', 'boolean', 'choice', 'secret']);
export type BlueprintVariableType = z.infer<typeof BlueprintVariableType>;

/** What a text has to be. */
export const BLUEPRINT_TEXT_FORMATS = ['any', 'host', 'address', 'topic', 'file'] as const;
export const BlueprintTextFormat = z.enum(BLUEPRINT_TEXT_FORMATS);
export type BlueprintTextFormat = z.infer<typeof BlueprintTextFormat>;

const MAX_VALUE = 2000;
const Value = z.string().max(MAX_VALUE, `must have at most ${MAX_VALUE} characters`);

/** A variable that a blueprint asks for when an instance is made from it. Values are text, as in Node-RED. */
export const BlueprintVariable = z.strictObject({
  name: VariableName,
  type: BlueprintVariableType,
  label: z.string().trim().min(1, 'must not be empty').max(80),
  help: z.string().max(500).default(''),
  /** Never for a secret. */
  default: Value.nullable().default(null),
  required: z.boolean().default(false),
  /** What can be chosen, for the type `choice`. */
  choices: z.array(z.string().min(1).max(200)).max(50).default([]),
  /** Bounds of a number. */
  min: z.number().nullable().default(null),
  max: z.number().nullable().default(null),
  whole: z.boolean().default(false),
  format: BlueprintTextFormat.default('any'),
});
export type BlueprintVariable = z.infer<typeof BlueprintVariable>;
export type BlueprintVariableInput = z.input<typeof BlueprintVariable>;

export const BLUEPRINT_PICTURE_BYTES = 64 * 1024;
export const BLUEPRINT_PICTURE_TYPES = ['image/svg+xml', 'image/png', 'image/webp'] as const;
export const BlueprintPicture = z.strictObject({
  type: z.enum(BLUEPRINT_PICTURE_TYPES),
  /** Base64. */
  data: z
    .base64('must be base64')
    .min(1, 'must not be empty')
    .max(Math.ceil(BLUEPRINT_PICTURE_BYTES / 3) * 4, 'must have at most 64 KB'),
});
export type BlueprintPicture = z.infer<typeof BlueprintPicture>;

export const BlueprintScope = z.enum(['shipped', 'platform', 'team']);
export type BlueprintScope = z.infer<typeof BlueprintScope>;

export const BlueprintView = z.object({
  id: Id,
  name: z.string(),
  description: z.string(),
  category: BlueprintCategory,
  icon: BlueprintIcon,
  /** Where its picture is, below the address of the platform. */
  picture: z.string().nullable(),
  /** It came with the product, an administrator made it for everybody, or it belongs to a team. */
  scope: BlueprintScope,
  team: Reference.nullable(),
  /** Whether it is offered when an instance is made. */
  active: z.boolean(),
  /** Grows with each snapshot that it is updated from. */
  version: z.number().int(),
  variables: z.array(BlueprintVariable),
  modules: Modules,
  /** Numbers of tabs and nodes. */
  flows: z.number().int(),
  nodes: z.number().int(),
  /** The Node-RED that its flows were made with. */
  nodeRed: z.string(),
  author: z.string(),
  /** Whether whoever asks may change it. */
  editable: z.boolean(),
  createdAt: Time,
  changedAt: Time,
});
export type BlueprintView = z.infer<typeof BlueprintView>;

const BlueprintVariables = z.array(BlueprintVariable).max(50);

export const listBlueprints = operation('listBlueprints', {
  method: 'GET',
  path: '/blueprints',
  summary: 'Blueprints of the platform and of the teams of the person',
  query: ListQuery.extend({
    /** Only those from which this team can make instances. */
    teamId: Id.optional(),
    /** Only those of the platform, those that come with Flowyard among them. */
    scope: z.literal('platform').optional(),
    category: BlueprintCategory.optional(),
  }),
  response: pageOf(BlueprintView),
});

export const createBlueprint = operation('createBlueprint', {
  method: 'POST',
  path: '/blueprints',
  summary: 'Make a blueprint from a snapshot; credentials and values of secret variables stay behind',
  body: z.strictObject({
    snapshotId: Id,
    /** For the team of the snapshot, or as an administrator for the whole platform. */
    scope: z.enum(['team', 'platform']).default('team'),
    name: DisplayName,
    description: Description.default(''),
    category: BlueprintCategory.default('other'),
    icon: BlueprintIcon.default('factory'),
    picture: BlueprintPicture.nullable().default(null),
    variables: BlueprintVariables.default([]),
  }),
  response: BlueprintView,
  status: 201,
});

export const getBlueprint = operation('getBlueprint', {
  method: 'GET',
  path: '/blueprints/:id',
  summary: 'One blueprint',
  params: IdParams,
  response: BlueprintView,
});

export const getBlueprintPicture = operation('getBlueprintPicture', {
  method: 'GET',
  path: '/blueprints/:id/picture',
  summary: 'The picture of a blueprint',
  params: IdParams,
  query: z.strictObject({ v: z.string().max(80).optional() }),
  response: z.string(),
  contentType: 'image/*',
});

export const updateBlueprint = operation('updateBlueprint', {
  method: 'PATCH',
  path: '/blueprints/:id',
  summary: 'Change a blueprint; another snapshot makes a new version of it',
  params: IdParams,
  body: z.strictObject({
    snapshotId: Id.optional(),
    name: DisplayName.optional(),
    description: Description.optional(),
    category: BlueprintCategory.optional(),
    icon: BlueprintIcon.optional(),
    /** Null removes it. */
    picture: BlueprintPicture.nullable().optional(),
    variables: BlueprintVariables.optional(),
    active: z.boolean().optional(),
  }),
  response: BlueprintView,
});

export const deleteBlueprint = operation('deleteBlueprint', {
  method: 'DELETE',
  path: '/blueprints/:id',
  summary: 'Delete a blueprint; instances that were made from it stay as they are',
  params: IdParams,
  response: NoContent,
  status: 204,
});

/** What an instance has to do with the blueprint that it was made from. */
export const InstanceBlueprint = z.object({
  blueprint: BlueprintView,
  /** The version whose flows it was given last. */
  version: z.number().int(),
  /** Its flows are not those of that version any more. */
  flowsChanged: z.boolean(),
  /** Variables that the newest version asks for and the instance does not have. */
  missing: z.array(BlueprintVariable),
});
export type InstanceBlueprint = z.infer<typeof InstanceBlueprint>;

export const getInstanceBlueprint = operation('getInstanceBlueprint', {
  method: 'GET',
  path: '/instances/:id/blueprint',
  summary: 'The blueprint that an instance was made from, and what an update would mean',
  params: IdParams,
  response: InstanceBlueprint,
});

export const applyBlueprint = operation('applyBlueprint', {
  method: 'POST',
  path: '/instances/:id/blueprint',
  summary:
    'Give an instance the newest version of its blueprint; what it has is kept in an automatic snapshot',
  params: IdParams,
  body: z.strictObject({
    /** The version that was looked at; another one is refused. */
    version: z.number().int().min(1),
    /** Flows that were changed since are replaced, too. */
    replaceChanges: z.boolean().default(false),
    /** Values for variables that the instance does not have yet. */
    env: z.record(VariableName, VariableValue).optional(),
  }),
  response: z.object({ instance: InstanceView, safetySnapshot: SnapshotView }),
  status: 202,
});
