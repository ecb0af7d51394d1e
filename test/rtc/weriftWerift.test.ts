import { describeConnector } from '../compliance/connector.ts'
import { nodePair } from './support/nodePair.ts'

describeConnector('werift to werift', (needs) => nodePair('werift', 'werift', needs))
