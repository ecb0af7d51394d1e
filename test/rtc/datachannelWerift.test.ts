import { describeConnector } from '../compliance/connector.ts'
import { nodePair } from './support/nodePair.ts'

describeConnector('datachannel to werift', (needs) => nodePair('datachannel', 'werift', needs))
