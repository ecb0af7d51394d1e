import { describeConnector } from '../compliance/connector.ts'
import { nodePair } from './support/nodePair.ts'

describeConnector('werift to datachannel', (needs) => nodePair('werift', 'datachannel', needs))
