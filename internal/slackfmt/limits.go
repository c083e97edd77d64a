package slackfmt

// Slack's limits, in UTF-16 units where they are lengths and otherwise in items.
// Where its sources differ, we keep to the smaller.
// Source, unless another is named: Slack's documentation, "Block Kit" reference.

// Messages and views.
const (
	maxBlocks     = 50  // of a message
	maxViewBlocks = 100 // of a modal or a Home tab
	maxBlockID    = 255
	maxActionID   = 255

	maxMessageText = 4_000  // the top-level text: what "chat.postMessage" advises; 40,000 is cut
	maxTotalText   = 12_000 // all text in the blocks of a message, but for tables: a maintainer in slackapi/bolt-js#2509

	maxModalTitle      = 24 // also of its buttons
	maxPrivateMetadata = 3000
	maxCallbackID      = 255
	maxExternalID      = 255
)

// Blocks of text.
const (
	maxHeader          = 150
	maxHeaderLevel     = 4
	maxSection         = 3000
	maxFields          = 10
	maxField           = 2000
	maxContextElements = 10
	maxContextText     = 3000 // "Text object"
	maxMarkdown        = 12_000
	maxIndent          = 8    // of a list in rich text
	maxName            = 255  // of an emoji or a format in rich text
	maxInputLabel      = 2000 // also of its hint
	maxAlert           = 200
)

// Elements and what they are made of.
const (
	maxActions       = 25
	maxButtonText    = 75
	maxButtonValue   = 2000
	maxAccessibility = 75
	maxURL           = 3000 // of a button, an option, an image or a link
	maxPlaceholder   = 150

	minOverflow      = 2 // older documentation; newer says nothing
	maxOverflow      = 5
	maxChoices       = 10 // radio buttons and checkboxes
	maxSelectOptions = 100
	maxOptionGroups  = 100
	maxGroupLabel    = 75
	maxOption        = 75
	maxOptionAbout   = 75 // its description
	maxOptionValue   = 75 // as its types say; 150 in the documentation

	maxConfirmTitle  = 100
	maxConfirmText   = 300
	maxConfirmButton = 30

	maxImageAlt   = 2000
	maxImageTitle = 2000
)

// Tables, and blocks that hold others.
const (
	maxTables    = 1 // older documentation; newer says nothing
	maxRows      = 100
	maxCells     = 20
	maxColumns   = 20     // settings of them
	maxTableText = 10_000 // in the cells of all tables of a message
	minDataRows  = 2      // with the header
	maxDataRows  = 101    // older documentation; newer says 201
	maxDataCells = 20
	maxDataText  = 10_000 // older documentation; newer says 20,000
	maxPageSize  = 100

	maxCardTitle       = 150 // also of its subtitle
	maxCardBody        = 200 // also of its subtext
	maxCardButtons     = 3
	maxCards           = 10
	maxContainerTitle  = 150 // also of its subtitle
	maxContainerBlocks = 10
	maxLayoutLabel     = 150
	maxLayoutRows      = 5
	maxLayoutItems     = 3
)

// Ours, within Slack's, in UTF-16 units.
const (
	maxValue  = 200 // one value on a card
	maxListed = 80  // one value in a list
	maxWords  = 60  // the asker's words, quoted
	maxMarks  = 16  // combining marks on one letter, in code points
)
