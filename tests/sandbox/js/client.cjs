// Drives fal's JavaScript client and prints what it saw as one JSON document.
// argv: the settings for fal.config, as JSON; "middleware" instead of a proxyUrl is a map of hosts.
"use strict";
const { fal } = require("@fal-ai/client");

const { middleware, ...config } = JSON.parse(process.argv[2]);
if (middleware) {
  config.requestMiddleware = async (request) => {
    const url = new URL(request.url);
    return { ...request, url: middleware[url.host] + url.pathname + url.search };
  };
}
fal.config(config);

const FLUX = "fal-ai/flux/dev";
const VIDEO = "fal-ai/minimax/video-01-live";

async function failure(promise) {
  try {
    await promise;
    return null;
  } catch (error) {
    return { name: error.name, status: error.status, body: error.body, requestId: error.requestId };
  }
}

async function subscribe(options) {
  const updates = [];
  let enqueued;
  const result = await fal.subscribe(VIDEO, {
    input: { prompt: "waves" },
    logs: true,
    onEnqueue: (id) => (enqueued = id),
    onQueueUpdate: (update) =>
      updates.push({ status: update.status, position: update.queue_position, logs: update.logs }),
    ...options,
  });
  return { enqueued, updates, result };
}

async function main() {
  const seen = {};
  seen.run = await fal.run(FLUX, { input: { prompt: "a cat", seed: 7 } });
  const { request_id: requestId } = await fal.queue.submit(FLUX, { input: { prompt: "a dog" } });
  seen.requestId = requestId;
  seen.statuses = [];
  do {
    seen.statuses.push(await fal.queue.status(FLUX, { requestId, logs: true }));
  } while (seen.statuses.at(-1).status !== "COMPLETED");
  seen.result = await fal.queue.result(FLUX, { requestId });
  seen.cancelDone = await failure(fal.queue.cancel(FLUX, { requestId }));
  const waiting = await fal.queue.submit(FLUX, { input: { prompt: "a bird" } });
  seen.cancelWaiting = await failure(fal.queue.cancel(FLUX, { requestId: waiting.request_id }));
  seen.polled = await subscribe({ mode: "polling", pollInterval: 5 });
  seen.streamed = await subscribe({ mode: "streaming" });
  seen.uploaded = await fal.storage.upload(new Blob(["some bytes"], { type: "text/plain" }));
  seen.fetched = await (await fetch(seen.uploaded)).text();
  const large = new Blob([new Uint8Array(91 * 1024 * 1024).fill(65)], { type: "image/png" });
  seen.multipart = await fal.storage.upload(large);
  seen.autoUpload = await fal.run("fal-ai/flux/dev/image-to-image", {
    input: { prompt: "p", image_url: new Blob(["png"], { type: "image/png" }) },
  });
  seen.invalid = await failure(fal.run(FLUX, { input: { prompt: "p", num_images: 9 } }));
  seen.invalidQueued = await failure(fal.subscribe(FLUX, { input: { num_images: 9 }, pollInterval: 5 }));
  console.log(JSON.stringify(seen));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
