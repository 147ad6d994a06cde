// Chromium comes from the system (deploy/setup.sh); puppeteer must not download one.
module.exports = { skipDownload: true };
