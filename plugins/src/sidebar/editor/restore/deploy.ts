import { editor } from '../node-red';

/** How a deploy went that Node-RED was told to begin. */
export type DeployOutcome =
  | { state: 'deployed' }
  /** Somebody else has deployed meanwhile. Node-RED asks what to do. */
  | { state: 'conflict' }
  | { state: 'forbidden' }
  | { state: 'no-answer' }
  /** Node-RED asked because of something in the flows, and the person did not go on. */
  | { state: 'declined' }
  | { state: 'not-begun' }
  | { state: 'failed'; message: string };

const EVENTS = '.flowyard-deploy';
/** The button of Node-RED's question whether to deploy nodes that are not set up properly. */
const GO_ON = 'red-ui-deploy-dialog-confirm-deploy-deploy';

function isDeploy({ type, url = '', headers = {} }: JQuery.AjaxSettings): boolean {
  return type === 'POST' && /(^|\/)flows$/.test(url) && headers['Node-RED-Deployment-Type'] !== 'reload';
}

function outcomeOf({ status, responseJSON, statusText }: JQuery.jqXHR): DeployOutcome {
  if (status >= 200 && status < 300) {
    return { state: 'deployed' };
  }
  switch (status) {
    case 0:
      return { state: 'no-answer' };
    case 401:
    case 403:
      return { state: 'forbidden' };
    case 409:
      return { state: 'conflict' };
    default:
      return { state: 'failed', message: responseJSON?.message ?? statusText };
  }
}

/**
 * Deploys by Node-RED's own action, with its questions and its messages, and answers how it went. Node-RED tells only of a
 * deploy that succeeded; so its request is watched.
 */
export function deployNow(): Promise<DeployOutcome> {
  return new Promise((resolve) => {
    let isSent = false;
    const end = (outcome: DeployOutcome) => {
      $(document).off(EVENTS);
      questions.disconnect();
      resolve(outcome);
    };
    const isAsking = () => document.getElementById(GO_ON) !== null;
    const questions = new MutationObserver(() => {
      if (!isSent && !isAsking()) {
        end({ state: 'declined' });
      }
    });
    $(document).on(`ajaxSend${EVENTS}`, (_event, _request, settings) => {
      isSent ||= isDeploy(settings);
    });
    $(document).on(`ajaxComplete${EVENTS}`, (_event, request, settings) => {
      if (isDeploy(settings)) {
        end(outcomeOf(request));
      }
    });
    editor.actions.invoke('core:deploy-flows');
    if (!isSent && isAsking()) {
      questions.observe(document.body, { childList: true, subtree: true });
    } else if (!isSent) {
      end({ state: 'not-begun' });
    }
  });
}
