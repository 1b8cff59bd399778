"""TELEMETRY_STATUS of OpenADR 2.0b: a report that the library offers, and has no message for."""

from dataclasses import dataclass
from typing import Any

MESSAGE = "oadrUpdateStatusReport"
"""Of ours; to the VTN it is an oadrUpdateReport."""
_TEMPLATE = """\
<oadr:oadrSignedObject xmlns:oadr="http://openadr.org/oadr-2.0b/2012/07" oadr:Id="oadrSignedObject">
  <oadr:oadrUpdateReport ei:schemaVersion="2.0b" \
      xmlns:ei="http://docs.oasis-open.org/ns/energyinterop/201110" \
      xmlns:pyld="http://docs.oasis-open.org/ns/energyinterop/201110/payloads" \
      xmlns:strm="urn:ietf:params:xml:ns:icalendar-2.0:stream" \
      xmlns:xcal="urn:ietf:params:xml:ns:icalendar-2.0">
    <pyld:requestID>{{ request_id }}</pyld:requestID>
    <oadr:oadrReport>
      <xcal:dtstart><xcal:date-time>{{ at|datetimeformat }}</xcal:date-time></xcal:dtstart>
      <strm:intervals>
        {% for r_id, status in told %}
        <ei:interval>
          <xcal:dtstart><xcal:date-time>{{ at|datetimeformat }}</xcal:date-time></xcal:dtstart>
          <oadr:oadrReportPayload>
            <ei:rID>{{ r_id|e }}</ei:rID>
            <oadr:oadrPayloadResourceStatus>
              <oadr:oadrOnline>{{ status.online|booleanformat }}</oadr:oadrOnline>
              <oadr:oadrManualOverride>{{ status.overridden|booleanformat }}</oadr:oadrManualOverride>
            </oadr:oadrPayloadResourceStatus>
          </oadr:oadrReportPayload>
        </ei:interval>
        {% endfor %}
      </strm:intervals>
      <ei:reportRequestID>{{ report_request_id|e }}</ei:reportRequestID>
      <ei:reportSpecifierID>{{ report_specifier_id|e }}</ei:reportSpecifierID>
      <ei:reportName>TELEMETRY_STATUS</ei:reportName>
      <ei:createdDateTime>{{ at|datetimeformat }}</ei:createdDateTime>
    </oadr:oadrReport>
    <ei:venID>{{ ven_id|e }}</ei:venID>
  </oadr:oadrUpdateReport>
</oadr:oadrSignedObject>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a resource stands."""

    online: bool
    """Whether anything of it can be reached."""
    overridden: bool
    """Whether people have taken its load out of our hands, or out of the utility's."""


def know_status(templates: Any) -> None:
    """Have the library's templates know this message as well."""
    from jinja2 import ChoiceLoader, DictLoader

    name = f"{MESSAGE}.xml"
    if name not in templates.list_templates():
        templates.loader = ChoiceLoader([templates.loader, DictLoader({name: _TEMPLATE})])
