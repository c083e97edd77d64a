package slackfmt

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // Lambda's image may lack it
)

// localTime says what time it is in a time zone, and how far that is from the
// asker's, if theirs is known. It is empty for a zone that is none, and without
// a time.
func localTime(now time.Time, zone, askers string) string {
	there := location(zone)
	if there == nil || now.IsZero() {
		return ""
	}
	said := now.In(there).Format("Mon 15:04")
	if here := location(askers); here != nil {
		said += ", " + apart(now, there, here)
	}
	return said
}

func location(zone string) *time.Location {
	if zone == "" || zone == "Local" { // which Go takes for its own
		return nil
	}
	l, err := time.LoadLocation(zone)
	if err != nil {
		return nil
	}
	return l
}

// apart says how far the clocks of two places are apart at a time.
func apart(now time.Time, there, here *time.Location) string {
	_, theirs := now.In(there).Zone()
	_, ours := now.In(here).Zone()
	switch ahead := theirs - ours; {
	case ahead > 0:
		return hours(ahead) + " ahead"
	case ahead < 0:
		return hours(-ahead) + " behind"
	}
	return "same as yours"
}

func hours(seconds int) string {
	h, min := seconds/3600, seconds%3600/60
	switch {
	case min == 0:
		return fmt.Sprintf("%d h", h)
	case h == 0:
		return fmt.Sprintf("%d min", min)
	}
	return fmt.Sprintf("%d h %d min", h, min)
}

// languages are those whose code an answer puts into words.
// Source: ISO 639-1.
var languages = map[string]string{
	"ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
	"en": "English", "es": "Spanish", "fi": "Finnish", "fr": "French", "gu": "Gujarati", "he": "Hebrew", "iw": "Hebrew",
	"hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "in": "Indonesian", "it": "Italian",
	"ja": "Japanese", "kn": "Kannada", "ko": "Korean", "ml": "Malayalam", "mr": "Marathi", "ms": "Malay", "nb": "Norwegian",
	"nl": "Dutch", "no": "Norwegian", "pa": "Punjabi", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian",
	"sk": "Slovak", "sl": "Slovenian", "sv": "Swedish", "ta": "Tamil", "te": "Telugu", "th": "Thai", "tr": "Turkish",
	"uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese",
}

// languageOf puts a code such as en_US into words: English (US). One that is
// not known stays as it is.
func languageOf(code string) string {
	base, region, _ := strings.Cut(strings.ReplaceAll(code, "-", "_"), "_")
	name := languages[strings.ToLower(base)]
	switch {
	case name == "":
		return code
	case region == "":
		return name
	}
	return name + " (" + region + ")"
}
