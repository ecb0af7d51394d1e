import { prepareChromium } from './chromium.ts'

/** Unpacks the browser before the tests that run inside of it. */
export const setup = prepareChromium
