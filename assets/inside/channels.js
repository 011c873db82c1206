// Numbers of a layer's channels: how its running statistics stand to the batch's, and quantiles.

const sum = (values) => values.reduce((a, b) => a + b, 0);

export function varianceRatio(norm) {
  const own = norm ? sum(norm.batch_var) : 0;
  return own > 0 && norm.running_var.length ? sum(norm.running_var) / own : null;
}

// How far the running means are off, in the channel's own standard deviations, averaged over the channels.
export function meanOff({ batch_mean, batch_var, running_mean }) {
  const varied = [...batch_mean.keys()].filter((c) => batch_var[c] > 0);
  return sum(varied.map((c) => Math.abs(running_mean[c] - batch_mean[c]) / Math.sqrt(batch_var[c]))) / varied.length;
}

export function quantile(values, share) {
  const sorted = values.filter((value) => value != null).toSorted((a, b) => a - b);
  return sorted[Math.round(share * (sorted.length - 1))];
}
