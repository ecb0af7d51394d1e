export { BrowserLevel as Level } from 'browser-level'
