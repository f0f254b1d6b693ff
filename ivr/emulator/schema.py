"""The whitelist of TwiML voice elements: the attributes and children each may have, and whether it holds text."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Element:
    attributes: frozenset[str]
    children: frozenset[str]
    text: bool = False


_CALLBACK = "statusCallback statusCallbackMethod"
_DIALLED = f"url method statusCallbackEvent {_CALLBACK}"
_MACHINE = (
    "machineDetection amdStatusCallbackMethod amdStatusCallback machineDetectionTimeout machineDetectionSpeechThreshold"
    " machineDetectionSpeechEndThreshold machineDetectionSilenceTimeout"
)
_RECORDED = (
    "recordingStatusCallback recordingStatusCallbackMethod recordingStatusCallbackEvent recordingConfigurationId"
)
_SSML = "break emphasis lang p phoneme prosody s say-as sub w"
_INSIDE_P = "break emphasis lang phoneme prosody s say-as sub w"
_INSIDE_S = "break emphasis lang phoneme prosody say-as sub w"

# name: (attributes, children); a trailing "+" on the name marks an element that holds text.
_TABLE: dict[str, tuple[str, str]] = {
    "Response": (
        "",
        "Connect Dial Echo Enqueue Gather Hangup Leave Pause Pay Play Prompt Queue Record Redirect Refer Reject Say Sms"
        " Start Stop",
    ),
    "AiSession": ("aiConnector aiSessionConfiguration", ""),
    "Application": (f"{_DIALLED} customerId copyParentTo", "ApplicationSid Parameter"),
    "ApplicationSid+": ("", ""),
    "Autopilot+": ("", ""),
    "Client+": (_DIALLED, "Identity Parameter"),
    "Conference+": (
        "muted beep startConferenceOnEnter endConferenceOnExit waitUrl waitMethod maxParticipants record region coach"
        f" trim statusCallbackEvent {_CALLBACK} {_RECORDED} eventCallbackUrl jitterBufferSize participantLabel",
        "",
    ),
    "Config": ("name value", ""),
    "Connect": (
        "action method",
        "AiSession Autopilot Conversation ConversationRelay ConversationRelaySession Room Stream VirtualAgent",
    ),
    "Conversation": (
        "serviceInstanceSid inboundAutocreation routingAssignmentTimeout inboundTimeout url method record trim"
        f" {_RECORDED} {_CALLBACK} statusCallbackEvent",
        "",
    ),
    "ConversationRelay": (
        "url language ttsLanguage transcriptionLanguage ttsProvider voice transcriptionProvider speechModel"
        " profanityFilter dtmfDetection welcomeGreeting partialPrompts welcomeGreetingInterruptible interruptible"
        " preemptible hints intelligenceService reportInputDuringAgentSpeech elevenlabsTextNormalization"
        " interruptSensitivity debug backgroundNoiseReduction speechTimeout deepgramSmartFormat"
        " ignoreBackchannel events partialPromptOnHangup"
        " eagerEotThreshold asrSmartFormat ttsTextNormalization ttsLanguageTextNormalization"
        " elevenlabsLanguageTextNormalization includeInPrompt customerName applicationReconnect echoPromptFiltering"
        " turnDetection",
        "Language Parameter",
    ),
    "ConversationRelaySession": ("connector sessionConfiguration", ""),
    "Dial+": (
        f"action method timeout hangupOnStar timeLimit callerId record trim {_RECORDED} answerOnBridge ringTone"
        " recordingTrack sequential referUrl referMethod events passports",
        "Application Client Conference Number Queue Sim Sip WhatsApp",
    ),
    "Echo": ("", ""),
    "Enqueue+": ("action maxQueueSize method waitUrl waitUrlMethod workflowSid", "Task"),
    "Gather": (
        "input action method timeout speechTimeout maxSpeechTime profanityFilter finishOnKey numDigits"
        " partialResultCallback partialResultCallbackMethod language hints bargeIn debug actionOnEmptyResult"
        " speechModel enhanced",
        "Pause Play Say",
    ),
    "Hangup": ("", "Parameter"),
    "Header": ("name value", ""),
    "Headers": ("", "Header"),
    "Identity+": ("", ""),
    "Language": (
        "code ttsProvider voice transcriptionProvider speechModel hints asrSmartFormat ttsTextNormalization"
        " ttsLanguageTextNormalization",
        "",
    ),
    "Leave": ("", ""),
    "Number+": (f"sendDigits {_DIALLED} byoc {_MACHINE}", ""),
    "Parameter": ("name value", ""),
    "Pause": ("length", ""),
    "Pay": (
        f"input action bankAccountType {_CALLBACK} timeout maxAttempts securityCode postalCode minPostalCodeLength"
        " paymentConnector paymentMethod tokenType chargeAmount currency description validCardTypes language",
        "Parameter Prompt",
    ),
    "Play+": ("loop digits", ""),
    "Prompt": ("for errorType cardType attempt requireMatchingInputs", "Pause Play Say"),
    "Queue+": ("url method reservationSid postWorkActivitySid", ""),
    "Record": (
        f"action method timeout finishOnKey maxLength playBeep trim {_RECORDED} transcribe transcribeCallback",
        "",
    ),
    "Recording": (f"{_RECORDED} trim track channels", ""),
    "Redirect+": ("method", ""),
    "Refer": ("action method", "Sip"),
    "Reject": ("reason", "Parameter"),
    "Room+": ("participantIdentity", ""),
    "Say+": ("voice loop language", _SSML),
    "Sim+": ("", ""),
    "Sip+": (f"username password {_DIALLED} {_MACHINE}", "Headers Uri"),
    "Uri+": ("priority weight username password", ""),
    "Siprec": (f"name connectorName track {_CALLBACK}", "Parameter"),
    "Sms+": ("to from action method statusCallback", ""),
    "Start": ("action method", "Recording Siprec Stream Transcription"),
    "Stop": ("", "Siprec Stream Transcription"),
    "Stream": (f"name connectorName url track {_CALLBACK} audioFormat sampleRate", "Parameter"),
    "Task+": ("priority timeout", ""),
    "Transcription": (
        "name track statusCallbackUrl statusCallbackMethod inboundTrackLabel outboundTrackLabel partialResults"
        " languageCode transcriptionEngine profanityFilter speechModel hints enableAutomaticPunctuation"
        " intelligenceService",
        "Config Parameter",
    ),
    "VirtualAgent": (f"connectorName language sentimentAnalysis {_CALLBACK}", "Config Parameter"),
    "WhatsApp+": (_DIALLED, ""),
    "break": ("strength time", ""),
    "emphasis+": ("level", "break emphasis lang phoneme prosody say-as sub w"),
    "lang+": ("xml:lang", _SSML),
    "p+": ("", _INSIDE_P),
    "phoneme+": ("alphabet ph", ""),
    "prosody+": ("volume rate pitch", _SSML),
    "s+": ("", _INSIDE_S),
    "say-as+": ("interpret-as format", ""),
    "sub+": ("alias", ""),
    "w+": ("role", "break emphasis phoneme prosody say-as sub"),
}

ELEMENTS: dict[str, Element] = {
    name.rstrip("+"): Element(frozenset(attributes.split()), frozenset(children.split()), name.endswith("+"))
    for name, (attributes, children) in _TABLE.items()
}
