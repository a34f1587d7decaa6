import os from 'node:os';
import type { AgentCommand, AgentMessage, DeviceCurrent } from '@flowyard/protocol';
import { AGENT_CAPABILITY, AGENT_PROTOCOL } from '@flowyard/protocol';
import type { Agent } from './agent.ts';
import { LockedError, takeFolder } from './agent-lock.ts';
import { writeAgentLog } from './agent-log.ts';
import type { RunCommand } from './command-line.ts';
import type { AgentStatus } from './commands/status.ts';
import { createAgent } from './create-agent.ts';
import { readEditorEvent } from './developer/editor-events.ts';
import type { Workspace } from './developer/workspace.ts';
import { type DeviceIdentity, readDeviceFile } from './device-file.ts';
import { EmergencyEditor } from './emergency/emergency-editor.ts';
import { buildEnvironment } from './environment.ts';
import { Journal } from './files/journal.ts';
import { HostReader } from './host/host-health.ts';
import { LaunchedNodeRed } from './launched-node-red.ts';
import { ControlLink, type LinkStatus } from './link/control-link.ts';
import { ControlRequests } from './link/control-requests.ts';
import type { LocalPage } from './local-page/local-page.ts';
import { createLocalSource } from './local-page/local-source.ts';
import { LogWatch } from './log-watch.ts';
import { hardwareOf } from './machine.ts';
import { useProxy } from './network.ts';
import { type DevicePaths, devicePaths } from './paths.ts';
import { History } from './spool/history.ts';
import { Minutes } from './spool/minutes.ts';
import { Spool } from './spool/spool.ts';
import { StatusFile } from './status-file.ts';
import { completeSettings, NO_SURROUNDINGS, surroundingsOf } from './surroundings.ts';
import { Tunnels } from './tunnel/tunnels.ts';
import { AGENT_VERSION } from './version.ts';

const METRICS_EVERY_MS = 30_000;
const LOOK_FOR_EDITS_MS = 2000;
/** Steps count faster than anybody reads. */
const STATE_EVERY_MS = 200;

/** A device that runs: the agent, its link to the control plane, and its Node-RED. */
export class RunningDevice {
  readonly #command: RunCommand;
  readonly #identity: DeviceIdentity;
  readonly #paths: DevicePaths;
  readonly #nodeRed: LaunchedNodeRed;
  readonly #agent: Agent;
  readonly #emergency: EmergencyEditor;
  readonly #link: ControlLink;
  readonly #logWatch: LogWatch;
  readonly #tunnels: Tunnels;
  readonly #requests: ControlRequests;
  readonly #workspace: Workspace;
  readonly #host: HostReader;
  readonly #spool: Spool;
  readonly #minutes: Minutes;
  readonly #history: History;
  readonly #statusFile: StatusFile;
  #linkStatus: LinkStatus = { state: 'connecting', problem: null };
  #metrics: NodeJS.Timeout | null = null;
  #editWatch: NodeJS.Timeout | null = null;
  #stateTimer: NodeJS.Timeout | null = null;
  #localPage: LocalPage | null = null;

  /** Starts an agent. Rejects when the folder is not registered or another agent runs on it. */
  static async start(command: RunCommand): Promise<RunningDevice> {
    const identity = await readDeviceFile(command.folder);
    const paths = devicePaths(command.folder, command.store);
    if (!(await takeFolder(paths))) {
      throw new LockedError(`Another agent runs on ${paths.folder}: one folder is one device.`);
    }
    const proxy = await useProxy(identity.url);
    if (proxy !== null) {
      writeAgentLog('info', `The way to ${identity.url} leads through the proxy ${proxy}.`);
    }
    const device = new RunningDevice(command, identity, paths);
    await device.#start();
    return device;
  }

  private constructor(command: RunCommand, identity: DeviceIdentity, paths: DevicePaths) {
    this.#command = command;
    this.#identity = identity;
    this.#paths = paths;
    this.#statusFile = new StatusFile(paths.statusFile);
    this.#spool = new Spool({
      folder: paths.spool,
      send: (message) => this.#link.send(message),
      log: (text) => writeAgentLog('warn', text),
    });
    this.#minutes = new Minutes(this.#spool);
    this.#history = new History({
      spool: this.#spool,
      lastLines: (count) => this.#nodeRed.lastLines(count),
      agentVersion: AGENT_VERSION,
    });
    this.#nodeRed = new LaunchedNodeRed({
      paths,
      identity,
      host: command.host,
      port: command.port,
      environment: (release, surroundings) =>
        buildEnvironment(identity, this.#agent.target?.device ?? null, release.snapshot, surroundings),
      settings: () => {
        const target = this.#agent?.target ?? null;
        return completeSettings(target === null ? NO_SURROUNDINGS : surroundingsOf(target));
      },
      deviceName: () => this.#agent.target?.device.name ?? null,
      identityKey: () => this.#emergency.identityKey ?? this.#agent.target?.developer?.identityKey ?? null,
      onChange: () => this.#agent.changed(),
      onMetrics: (metrics) => this.#minutes.add(metrics),
      onEvent: (event, details) => {
        const told = readEditorEvent(event, details);
        if (told !== null) {
          this.#spool.append('events', told);
        }
      },
    });
    const journal = new Journal(paths.journal, (name) =>
      writeAgentLog('warn', `${name} in the journal is damaged; its previous copy is used.`),
    );
    this.#emergency = new EmergencyEditor({
      deviceId: identity.id,
      journal,
      minutes: command.emergencyMinutes,
      onOver: () => this.#agent.nudge(),
    });
    const { agent, workspace } = createAgent({
      command,
      paths,
      identity,
      journal,
      runner: this.#nodeRed,
      emergency: this.#emergency,
      onCurrent: (current) => this.#currentChanged(current),
    });
    this.#agent = agent;
    this.#workspace = workspace;
    this.#link = new ControlLink({
      url: identity.url,
      token: () => identity.token,
      hello: () => this.#hello(),
      onCommand: (received) => this.#obey(received),
      onStatus: (status) => this.#linkChanged(status),
    });
    this.#requests = new ControlRequests({
      ...{ folder: command.folder, identity, paths, journal, workspace },
      send: (message) => this.#link.send(message),
      reconnect: () => this.#link.reconnect(),
    });
    this.#tunnels = new Tunnels({
      url: identity.url,
      token: () => identity.token,
      address: () => (this.#agent.target?.mode === 'developer' ? this.#nodeRed.editorAddress() : null),
      onFailure: (id, reason) => this.#requests.refuse(id, reason),
    });
    this.#host = new HostReader({
      folder: paths.folder,
      nodeRed: () => this.#nodeRed.metrics,
      address: () => this.#link.localAddress,
      spooled: () => this.#spool.waiting,
    });
    this.#logWatch = new LogWatch(this.#nodeRed, (lines) => this.#link.send({ type: 'logs', lines }));
  }

  async #start(): Promise<void> {
    await this.#nodeRed.listen();
    await this.#agent.start();
    this.#link.start();
    await this.#startLocalPage();
    this.#metrics = setInterval(() => this.#sendMetrics(), METRICS_EVERY_MS);
    this.#editWatch = setInterval(() => void this.#lookForEdits(), LOOK_FOR_EDITS_MS);
    writeAgentLog('info', `Device ${this.#identity.id} runs in ${this.#paths.folder}.`);
  }

  /** A page that cannot be had, since its port is taken, must not keep the device from running. */
  async #startLocalPage(): Promise<void> {
    const { localPage, folder, port } = this.#command;
    if (localPage === null) {
      return;
    }
    try {
      // Most devices are without it, and need none of its memory.
      const { LocalPage } = await import('./local-page/local-page.ts');
      const source = createLocalSource({
        folder,
        port,
        agent: this.#agent,
        nodeRed: this.#nodeRed,
        emergency: this.#emergency,
        status: () => this.#status(),
      });
      this.#localPage = await LocalPage.start({ ...localPage, folder, source });
      writeAgentLog('info', `The local page is at http://${localPage.host}:${this.#localPage.port}/`);
    } catch (error) {
      writeAgentLog('error', `The local page could not be started: ${(error as Error).message}`);
    }
  }

  /** Ends Node-RED in good order, then the rest. */
  async stop(): Promise<void> {
    await this.#localPage?.stop();
    this.#emergency.dispose();
    await this.#agent.stop();
    if (this.#metrics !== null) {
      clearInterval(this.#metrics);
    }
    clearInterval(this.#editWatch ?? undefined);
    this.#tunnels.closeAll();
    this.#logWatch.set(false);
    this.#tell();
    this.#minutes.flush();
    await this.#history.stopped();
    await this.#spool.close();
    this.#link.stop();
    await this.#nodeRed.dispose();
    await this.#statusFile.settled();
  }

  #hello(): AgentMessage {
    return {
      type: 'hello',
      protocol: AGENT_PROTOCOL,
      agentVersion: AGENT_VERSION,
      nodeJs: process.version,
      platform: `${process.platform} ${process.arch}`,
      time: Date.now(),
      capabilities: Object.values(AGENT_CAPABILITY),
      hardware: hardwareOf(this.#identity.id),
      hostname: os.hostname().slice(0, 255),
      current: this.#agent.current,
    };
  }

  #obey(command: AgentCommand): void {
    switch (command.type) {
      case 'target':
        if (command.target.mode !== 'developer') {
          this.#tunnels.closeAll();
        }
        void this.#agent.setTarget(command.target).catch((error: Error) => {
          writeAgentLog('error', `The new target could not be written down: ${error.message}`);
        });
        break;
      case 'watch-logs':
        this.#logWatch.set(command.on);
        break;
      case 'open-tunnel':
        void this.#tunnels.open(command.id, command.token);
        break;
      case 'take-snapshot':
        void this.#requests.takeSnapshot(command.id);
        break;
      case 'read-log':
        void this.#requests.readLog(command);
        break;
      case 'spool-ack':
        this.#spool.acknowledged(command);
        break;
      case 'new-token':
        void this.#requests.keepToken(command.token);
        break;
    }
  }

  async #lookForEdits(): Promise<void> {
    if (this.#agent.current.mode === 'developer' && (await this.#workspace.look())) {
      this.#agent.changed();
    }
  }

  #linkChanged(status: LinkStatus): void {
    if (JSON.stringify(status) === JSON.stringify(this.#linkStatus)) {
      return;
    }
    this.#linkStatus = status;
    if (status.state !== 'connected') {
      this.#spool.disconnected();
    }
    if (status.state === 'refused' || status.state === 'unreachable') {
      writeAgentLog('warn', `${status.problem} What runs here goes on; the agent tries again.`);
      this.#logWatch.set(false);
    } else if (status.state === 'connected') {
      writeAgentLog('info', `Connected to ${this.#identity.url}. ${status.problem ?? ''}`.trim());
      this.#agent.connected();
      this.#spool.connected();
      this.#sendMetrics();
    }
    this.#statusFile.write(this.#status());
  }

  #currentChanged(current: DeviceCurrent): void {
    this.#history.note(current);
    this.#stateTimer ??= setTimeout(() => this.#tell(), STATE_EVERY_MS);
  }

  #tell(): void {
    if (this.#stateTimer !== null) {
      clearTimeout(this.#stateTimer);
      this.#stateTimer = null;
    }
    this.#link.send({ type: 'state', current: this.#agent.current });
    this.#statusFile.write(this.#status());
  }

  #sendMetrics(): void {
    const metrics = this.#nodeRed.metrics;
    if (metrics !== null) {
      const { memoryBytes, cpuPercent } = metrics;
      this.#link.send({ type: 'metrics', memoryBytes, cpuPercent });
    }
    if (this.#link.isConnected) {
      void this.#host.read().then((health) => this.#link.send({ type: 'host', health }));
    }
  }

  #status(): Omit<AgentStatus, 'at'> {
    const { current, target } = this.#agent;
    return {
      pid: process.pid,
      agentVersion: AGENT_VERSION,
      deviceId: this.#identity.id,
      url: this.#identity.url,
      link: this.#linkStatus,
      current,
      targetSnapshot: target?.snapshot?.name ?? null,
      port: this.#command.port,
    };
  }
}
