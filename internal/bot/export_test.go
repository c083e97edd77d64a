package bot

// SlackHTTP is for a test of its settings.
var SlackHTTP = slackHTTP
