// One door to the vendored libraries, so that a version changes in one place.
import { h, render, Fragment } from "../vendor/preact.js";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, useId } from "../vendor/hooks.js";
import { batch, computed, effect, signal } from "../vendor/signals.js";
import htm from "../vendor/htm.js";

export const html = htm.bind(h);
export { Fragment, batch, computed, effect, h, render, signal };
export { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState };
