"""Each order of the tracker as one AMI action. A kind that is not listed is an error."""

from __future__ import annotations

from telephony.ami.connection import Headers
from telephony.tracker import inputs

# Fewer rings than this reach nobody who has to get up; more make an answering machine of the network's answer.
_PATIENT_RINGS_MS = "35000"
# How long the agent's own phone may take to answer by itself.
_OWN_PHONE_MS = "10000"


def action_for(effect: inputs.Effect) -> Headers:
    """The headers to send. Raises TypeError for an effect that is no single action."""
    match effect:
        case inputs.Originate():
            return {
                "Action": "Originate",
                "Channel": f"PJSIP/{effect.agent}",
                "ChannelId": effect.uniqueid,
                "Context": "outbound",
                "Exten": "dial",
                "Priority": "1",
                "Timeout": _OWN_PHONE_MS,
                "CallerID": f"<{effect.digits}>",
                "Variable": f"PJSIP_HEADER(add,X-Wardline-Answer)=auto,WARDLINE_DIGITS={effect.digits}",
                "Async": "true",
            }
        case inputs.CallPatient():
            return {
                "Action": "Originate",
                "Channel": f"PJSIP/{effect.digits}@trunk",
                "ChannelId": effect.uniqueid,
                "Context": "automatic",
                "Exten": "start",
                "Priority": "1",
                "Timeout": _PATIENT_RINGS_MS,
                "CallerID": f"<{effect.caller}>",
                "Variable": ",".join(f"{name}={value}" for name, value in sorted(effect.variables.items())),
                "Async": "true",
            }
        case inputs.HangUpChannel():
            return {"Action": "Hangup", "Channel": effect.channel, "Cause": "16"}
        case inputs.RejoinPatient():
            return _redirect(effect.channel, inputs.Extension(context="rejoin", exten=effect.agent))
        case inputs.TransferCall():
            context = "transfer-outside" if effect.is_outside else "take-over" if effect.answers_itself else "transfer"
            return _redirect(effect.channel, inputs.Extension(context=context, exten=effect.target))
        case inputs.MoveChannels():
            action = _redirect(effect.channel, effect.to)
            if effect.other_to is not None:
                others = _redirect(effect.other_channel, effect.other_to)
                action |= {f"Extra{name}": value for name, value in others.items() if name != "Action"}
            return action
        case inputs.MuteRecording():
            return {
                "Action": "MixMonitorMute",
                "Channel": effect.channel,
                "Direction": "both",
                "State": "1" if effect.is_muted else "0",
            }
        case inputs.CallColleague():
            return {
                "Action": "Originate",
                "Channel": f"PJSIP/{effect.agent}",
                "ChannelId": effect.uniqueid,
                "Context": "colleague",
                "Exten": effect.colleague,
                "Priority": "1",
                "Timeout": _OWN_PHONE_MS,
                "CallerID": f"<{effect.colleague}>",
                "Variable": "PJSIP_HEADER(add,X-Wardline-Answer)=auto",
                "Async": "true",
            }
        case inputs.Supervise():
            return {
                "Action": "Originate",
                "Channel": f"PJSIP/{effect.supervisor}",
                "ChannelId": effect.uniqueid,
                "Context": "supervise",
                "Exten": effect.mode.value,
                "Priority": "1",
                "Timeout": _OWN_PHONE_MS,
                "CallerID": f"<{effect.supervisor}>",
                "Variable": f"PJSIP_HEADER(add,X-Wardline-Answer)=auto,SPIED_CHANNEL={effect.spied}",
                "Async": "true",
            }
        case inputs.SetSpied():
            return {
                "Action": "Setvar",
                "Channel": effect.channel,
                "Variable": "SPIED_CHANNEL",
                "Value": effect.spied,
            }
        case inputs.ChangeSupervision():
            return _redirect(effect.channel, inputs.Extension(context="supervise", exten=effect.mode.value))
        case inputs.SetMember(is_present=True, is_new=True):
            return {
                "Action": "QueueAdd",
                "Queue": effect.queue,
                "Interface": f"PJSIP/{effect.agent}",
                "MemberName": effect.agent,
                "StateInterface": f"PJSIP/{effect.agent}",
                "Penalty": str(effect.penalty),
                "Paused": "true" if effect.is_paused else "false",
            }
        case inputs.SetMember(is_present=True):
            return {
                "Action": "QueuePause",
                "Queue": effect.queue,
                "Interface": f"PJSIP/{effect.agent}",
                "Paused": "true" if effect.is_paused else "false",
            }
        case inputs.SetMember():
            return {"Action": "QueueRemove", "Queue": effect.queue, "Interface": f"PJSIP/{effect.agent}"}
        case inputs.SetPenalty():
            return {
                "Action": "QueuePenalty",
                "Queue": effect.queue,
                "Interface": f"PJSIP/{effect.agent}",
                "Penalty": str(effect.penalty),
            }
        case _:
            raise TypeError(f"no action for {type(effect).__name__}")


def _redirect(channel: str, to: inputs.Extension) -> Headers:
    return {"Action": "Redirect", "Channel": channel, "Context": to.context, "Exten": to.exten, "Priority": "1"}
