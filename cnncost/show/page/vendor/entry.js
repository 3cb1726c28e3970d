export { hierarchy, partition } from "d3-hierarchy";
export { scaleLinear, scaleLog } from "d3-scale";
export { area, curveStepAfter, line } from "d3-shape";
